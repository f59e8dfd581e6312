/* no_leak_check.h: for the mains of confined programs. The leak checker of a
 * sanitizer build wants ptrace, which is refused here; whatever the options in
 * the environment say. */
#ifndef BASE_NO_LEAK_CHECK_H
#define BASE_NO_LEAK_CHECK_H

#ifdef JEMBATAN_SANITIZED
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
	return 1;
}
#endif

#endif
