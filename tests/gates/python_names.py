#!/usr/bin/env python3
"""What one Python file of the tests takes from another stands there: each name of a
`from X import name`, each X.name after an `import X`. Nothing is run."""
import ast
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def is_python(path):
    if path.suffix == ".py":
        return True
    with open(path, "rb") as file:
        return file.readline(80).startswith(b"#!") and b"python" in path.read_bytes()[:80]


def inner(node):
    """All below it that runs with it: not what stands in a function or class."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, FUNCTIONS + (ast.ClassDef,)):
            yield from inner(child)


def bound(node):
    """The names that this module or function gives something to."""
    names, elsewhere = set(), set()
    for child in inner(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(child.name)
        elif isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            names.add(child.id)
        elif isinstance(child, ast.arg):
            names.add(child.arg)
        elif isinstance(child, ast.alias):
            names.add(child.asname or child.name.split(".")[0])
        elif isinstance(child, ast.ExceptHandler) and child.name:
            names.add(child.name)
        elif isinstance(child, (ast.Global, ast.Nonlocal)):
            elsewhere.update(child.names)
    return names - elsewhere


def inserted(tree):
    """The folders of ours that sys.path.insert puts in front."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "sys.path.insert":
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield TESTS / part.value


class File:
    def __init__(self, path):
        self.path, self.tree = path, ast.parse(path.read_text(), str(path))
        self.names = bound(self.tree)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Global):
                self.names.update(node.names)
        self.imports = [node for node in ast.walk(self.tree)
                        if isinstance(node, (ast.Import, ast.ImportFrom))]
        self.inserted = list(inserted(self.tree))


class Files:
    def __init__(self, paths):
        self.all = {path: File(path) for path in paths}
        self.looked_at, self.wrong = 0, []

    def module(self, file, name):
        """Our file that this file means by `import name`, or None. A module that it
        imports may have put another folder in front."""
        folders = [file.path.parent]
        for other in [file] + [self.beside(file, n) for n in imported(file) if n != name]:
            if other:
                folders[:0] = other.inserted
        for folder in folders:
            found = self.all.get(folder / (name + ".py"))
            if found and found is not file:
                return found
        return None

    def beside(self, file, name):
        found = self.all.get(file.path.parent / (name + ".py"))
        return found if found is not file else None

    def check(self, file):
        modules = {}
        for node in file.imports:
            if isinstance(node, ast.ImportFrom):
                module = self.module(file, node.module or "")
                for alias in node.names if module else ():
                    self.look(file, node, module, alias.name)
                continue
            for alias in node.names:
                module = self.module(file, alias.name)
                if module:
                    modules[alias.asname or alias.name] = module
        self.check_scope(file, file.tree, modules)

    def check_scope(self, file, scope, modules):
        for node in inner(scope):
            if isinstance(node, FUNCTIONS):
                # The function's own names hide modules, unless it imports them itself.
                own = bound(node) - {a.asname or a.name for n in inner(node)
                                     if isinstance(n, ast.Import) for a in n.names}
                self.check_scope(file, node, {n: m for n, m in modules.items() if n not in own})
            elif isinstance(node, ast.ClassDef):
                self.check_scope(file, node, modules)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and \
                    node.value.id in modules:
                self.look(file, node, modules[node.value.id], node.attr)

    def look(self, file, node, module, name):
        self.looked_at += 1
        if name not in module.names and not name.startswith("__"):
            self.wrong.append("%s:%d: there is no %s in %s" % (
                file.path.relative_to(TESTS.parent), node.lineno, name,
                module.path.relative_to(TESTS.parent)))


def imported(file):
    for node in file.imports:
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        else:
            yield from (alias.name for alias in node.names)


def main():
    files = Files(path for path in sorted(TESTS.rglob("*")) if path.is_file() and is_python(path))
    for file in files.all.values():
        files.check(file)
    for line in files.wrong:
        print(line)
    print("python_names: %d files, %d names of others looked at, %d wrong"
          % (len(files.all), files.looked_at, len(files.wrong)))
    return 1 if files.wrong or files.looked_at < 100 else 0


sys.exit(main())
