/* poison.h: functions that this code does not use. Include it last. */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#undef sprintf /* macros of glibc, under clang with _FORTIFY_SOURCE */
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok strncpy strncat
#pragma GCC poison atoi atol atoll atof sscanf rand srand mktemp tmpnam tempnam
#undef alloca /* glibc's stdlib.h makes it a macro */
#pragma GCC poison alloca popen

#endif
