# SPDX-License-Identifier: GPL-2.0
"""What the border check asks of Rust code: where `unsafe` may stand and how it is explained,
and which constructs the core may not use."""

import re

UNSAFE_HOME = re.compile(
    r"rust/(module/(vfs|sys)(\.rs$|/)|bindings/|tools/[^/]+/src/sys(\.rs$|/))")
CORE = re.compile(r"rust/core/(?!tests/|benches/|examples/)")

# `unsafe fn(` without a name is a type.
UNSAFE = re.compile(r"\bunsafe\b(?!\()")
UNSAFE_TYPE = re.compile(r'unsafe\s+(extern\s+("[^"]*"\s*)?)?fn\s*\(')

CAST = re.compile(r"\bas\s+(?:[iu](?:8|16|32|64|128|size)|f32|f64|char|bool|_|\*\s*(?:const|mut)\b)")
INDEX = re.compile(r"(?:[A-Za-z0-9_]|\)|\])\[")
PANICS = re.compile(
    r"\.(?:unwrap|expect|unwrap_err|expect_err)\s*\(|\b(?:panic|todo|unimplemented|unreachable)!")

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/"""
    r"""|\bb?r(?P<hash>\#*)".*?"(?P=hash)"""
    r"""|b?"(?:\\.|[^"\\])*\""""
    r"""|b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\\n])'""", re.DOTALL)


def strip(source):
    """The source with comments and the insides of literals blanked, line for line."""
    def blank(match):
        text = match.group(0)
        kept = re.sub(r"[^\n]", " ", text)
        return kept if text.startswith("/") or len(text) < 2 else '"' + kept[1:-1] + '"'
    return TOKEN.sub(blank, source)


def without_tests(code):
    """Blanks each `#[cfg(test)]` item: tests may panic."""
    out = code
    for match in re.finditer(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]", code):
        depth, end = 0, match.end()
        while end < len(code):
            char = code[end]
            end += 1
            if char == "{":
                depth += 1
            elif char == "}" or (char == ";" and depth == 0):
                depth -= char == "}"
                if depth == 0:
                    break
        out = out[:match.start()] + re.sub(r"[^\n]", " ", code[match.start():end]) + out[end:]
    return out


def explained(lines, code, at):
    """Whether a SAFETY comment or a `# Safety` section covers the unsafe on line `at`."""
    if "SAFETY:" in lines[at]:
        return True
    for index in range(at - 1, max(at - 60, -1), -1):
        text = lines[index].strip()
        if text.startswith("//"):
            if "SAFETY:" in text or text.rstrip(":").endswith("# Safety"):
                return True
            continue
        if text.startswith(("#[", "#![")) or text.endswith(")]"):
            continue
        # Still the same statement or item: it starts after a line that ends one.
        if not code[index].strip() or code[index].rstrip().endswith((";", "}", "{", "},")):
            return False
    return False


def implements_trait(code, at):
    """Whether line `at` is an `unsafe fn` of a trait, whose contract stands at the trait."""
    indent = len(code[at]) - len(code[at].lstrip())
    if not re.search(r"\bunsafe\s+fn\s+\w", code[at]) or indent == 0:
        return False
    for index in range(at - 1, -1, -1):
        text = code[index]
        if text.strip() and len(text) - len(text.lstrip()) < indent:
            header = " ".join(code[max(index - 8, 0):index + 1])
            header = header[max(header.rfind("}"), header.rfind(";")) + 1:]
            return re.search(r"\bimpl\b.*\bfor\b", header) is not None
    return False


def check_unsafe(path, lines, code):
    """Yields (line number, complaint)."""
    for number, text in enumerate(code, 1):
        rest = UNSAFE_TYPE.sub("", text)
        if not UNSAFE.search(rest):
            continue
        if not UNSAFE_HOME.match(path):
            yield number, "unsafe outside of rust/module/{vfs,sys} and rust/bindings"
        if not explained(lines, code, number - 1) and not implements_trait(code, number - 1):
            yield number, "unsafe without a SAFETY comment or a # Safety section"


def check_core(path, code):
    """Yields (line number, complaint)."""
    for number, text in enumerate(code, 1):
        if PANICS.search(text):
            yield number, "the core may not panic"
        if CAST.search(text):
            yield number, "the core does not cast with `as`"
        if INDEX.search(text):
            yield number, "the core does not index: use get()"


def check_rust(path, source):
    """Yields (line number, complaint) for one Rust file."""
    stripped = strip(source)
    yield from check_unsafe(path, source.split("\n"), stripped.split("\n"))
    if CORE.match(path):
        yield from check_core(path, without_tests(stripped).split("\n"))
    if path == "rust/core/cofs_core.rs" and "#![forbid(unsafe_code)]" not in stripped:
        yield 1, "the core must forbid(unsafe_code)"
