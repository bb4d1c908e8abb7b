"""`python -m docs` writes the pages that come from the code."""

from docs.pages import DOCUMENTS, generated

if __name__ == "__main__":
    for name, text in generated().items():
        (DOCUMENTS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}: {len(text.encode()):,} bytes")
