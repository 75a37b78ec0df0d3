"""A report as Markdown: the tables and sentences of the page, without its drawings."""

from __future__ import annotations

from collections.abc import Sequence

from _edgeship.device_bench.reports.parts import Section, Table

# Characters that mean something in Markdown or HTML; a backslash makes them plain.
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>#|~$&"})


def render(title: str, written: str, sections: Sequence[Section]) -> str:
    """Return the text.

    Args:
        title: Its heading.
        written: When it was made and by what.
        sections: The sections, in order.
    """
    parts = [f"# {_escape(title)}", _escape(written)]
    for section in sections:
        parts.append(f"## {_escape(section.title)}")
        parts.extend(_escape(note) for note in section.notes)
        parts.extend(f"> **Warning:** {_escape(warning)}" for warning in section.warnings)
        if section.facts:
            facts = section.facts.items()
            parts.append("\n".join(f"- {_escape(name)}: {_escape(text)}" for name, text in facts))
        titled = [(table.title, table) for table in section.tables]
        titled += [(group.title, group.table) for group in section.groups]
        for heading, table in titled:
            if heading:
                parts.append(f"### {_escape(heading)}")
            same = [f"{name} {text}" for name, text in table.same().items() if text]
            if same:
                parts.append(_escape(f"In all rows: {', '.join(same)}"))
            parts.append(_table(table.shown()))
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    lines = [
        _line(table.columns),
        "|" + "".join("--:|" if name in table.numbers else "---|" for name in table.columns),
        *(_line([cell.text for cell in row]) for row in table.rows),
    ]
    return "\n".join(lines)


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(_escape(text) for text in texts)} |"


def _escape(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
