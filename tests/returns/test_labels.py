"""What goes with a parcel: libraries that share nothing with ours read the code back, from page and paper."""

import pypdfium2
import pytest
import zxingcpp

from returns.labels import SIZES, Label, code_of, label_pdf, qr_svg, ref_of

LINES = ("Hand it in at a pickup point.", "Näytä tämä koodi: Жук & 商店, " + "x" * 200)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ref", ["0123456789", "ZZZZZZZZZZ"])
def test_a_printed_label_is_read_at_the_resolution_of_a_cheap_printer(ref, size):
    document = pypdfium2.PdfDocument(label_pdf(Label(ref, "Return to Kuppi Ähtäri", LINES), size))

    assert len(document) == 1
    width, height = (side * 25.4 / 72 for side in document[0].get_size())
    assert (width, height) == pytest.approx(SIZES[size], abs=0.5)
    picture = document[0].render(scale=100 / 72).to_pil()
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [code_of(ref)]
    assert ref in document[0].get_textpage().get_text_range()


def test_the_page_has_the_code_without_style_or_script():
    svg = qr_svg("0123456789", title="Your <code>")

    assert "<title>Your &lt;code&gt;</title>" in svg
    assert "style" not in svg
    assert svg.startswith("<svg")


@pytest.mark.parametrize("typed", ["DSR-ABCDEF0123", "dsr-abcdef0123", " ABC DEF 0123\n", "abcdef0123"])
def test_a_code_is_scanned_or_typed(typed):
    assert ref_of(typed) == "ABCDEF0123"


@pytest.mark.parametrize("typed", ["", "https://example.com/x", "DSR-", "A" * 17, "JJD0'--"])
def test_what_is_no_code_is_none(typed):
    assert ref_of(typed) == ""
