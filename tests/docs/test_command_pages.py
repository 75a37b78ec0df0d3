import pytest

from tests.docs import command_pages


@pytest.mark.parametrize("name", command_pages.PAGES)
def test_a_page_shows_what_help_prints(name: str) -> None:
    written = (command_pages.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert written == command_pages.page(name), "run `make docs-commands`"
