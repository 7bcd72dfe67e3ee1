# SPDX-License-Identifier: GPL-2.0-or-later
"""Examples for each check of tests/lint/run: text that must be found, and text that must pass. A lint
that finds nothing because it looks at nothing would otherwise go unnoticed."""

OPENING = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n/* What it is for. */\n"

# (check, file name, text, findings)
EXAMPLES = (
    ("layers", "lib/a.c", '#include "fw/policy/policy.h"\n', 1),
    ("layers", "fw/nft/a.c", '#include "lib/buf.h"\n#include "fw/nft/b.h"\n', 0),
    ("layers", "fw/nft/a.c", '#include "mgmt/store/store.h"\n#include "nft.h"\n', 2),
    ("layers", "mgmt/store/a.c", '#include "fw/registry/rule.h"\n#include <sqlite3.h>\n', 0),
    ("pure", "fw/policy/a.c", "#include <sys/socket.h>\n#include <string.h>\n", 1),
    ("pure", "mgmt/workflow/a.c", '#include "lib/log.h"\n#include "mgmt/store/store.h"\n', 2),
    ("pure", "fw/registry/a.c", "\tx = sk_now();\n\ttime(NULL);\n\tfd = open(p, 0);\n", 3),
    ("pure", "fw/registry/a.c", "\tx = rule_time(r);\n\tr->open(p);\n\t/* time(NULL) */\n", 0),
    ("pure", "fw/fwd/a.c", "#include <sys/socket.h>\n\tx = sk_now();\n", 0),
    ("forbidden", "lib/a.c", "\tsprintf(a, b);\n\tstrcpy(a, b);\n\tx = atoi(s);\n", 3),
    ("forbidden", "lib/a.c", '\tsnprintf(a, 1, "strcpy(");\n\tmy_strcpy(a);\n', 0),
    ("size", "lib/a.c", "int f(void)\n{\n" + "\tx++;\n" * 101 + "}\n", 1),
    ("size", "lib/a.c", "int f(void)\n{\n" + "\tx++;\n" * 100 + "}\n", 0),
    ("size", "lib/a.c",
     "int f(void)\n{\n\tint a[] = {\n" + "\t\t1,\n" * 200 + "\t};\n\n\treturn a[0];\n}\n", 0),
    ("size", "lib/a.h", "\n" * 151, 1),
    ("size", "lib/a.c", "\n" * 1001, 1),
    ("columns", "lib/a.c", "\t" + "x" * 93 + "\n", 1),
    ("columns", "lib/a.c", "\t" + "関" * 92 + "\n", 0),
    ("header", "lib/a.c", "int x;\n", 2),
    ("header", "lib/a.c", OPENING, 0),
    ("header", "lib/a.c", OPENING.split("\n", maxsplit=1)[0] + "\n\n#include <x.h>\n", 1),
    ("header", "tests/a.sh", "#!/bin/sh\necho\n", 1),
    ("globals", "lib/a.c", "static int count;\n", 1),
    ("globals", "lib/a.c", "static const char *name = NULL;\n", 1),
    ("globals", "lib/a.c", "static char table[] = {\n", 1),
    ("globals", "lib/a.c", "static int (*hook)(void) = NULL;\n", 1),
    ("globals", "lib/a.c", "static struct state {\n", 1),
    ("globals", "lib/a.c", "int count = 0;\nextern int other;\n", 2),
    ("globals", "lib/a.c", "static _Thread_local int x;\n", 1),
    ("globals", "lib/a.c", "static const int x = 1;\nstatic const char *const n[] = {\n", 0),
    ("globals", "lib/a.c", "static int f(int (*g)(void))\nstatic int f(void);\nstruct a;\n", 0),
    ("globals", "fw/fwd/main.c", "static int count;\n", 0),
    ("typedef", "lib/a.h", "typedef struct a a_t;\ntypedef char *str;\n", 2),
    ("typedef", "lib/a.h", "typedef uint32_t id_t;\ntypedef int (*fn)(char *);\n", 0),
    ("whitespace", "a.md", "x \n<<<<<<< HEAD\ny", 3),
    ("whitespace", "a.md", "x\n", 0),
)


def failures(checks, make_file):
    """Messages for the examples whose number of findings is not as expected."""
    for name, path, text, want in EXAMPLES:
        got = len(list(checks[name]([make_file(path, text.encode())])))
        if got != want:
            yield f"tests/lint/run:1: {name} finds {got}, not {want}, in {path}: {text[:60]!r}"
