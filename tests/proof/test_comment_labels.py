"""The form for a comment on screens of any width: no label wraps beside its neighbour."""

from playwright.async_api import Page

from tests.figures import Figure
from tests.web.stage import Stage

WIDTHS = range(340, 1_101, 20)


async def test_a_label_stands_on_one_line_beside_its_neighbours(
    page: Page, blog: str, service: Stage, figure: Figure
) -> None:
    """Where fields stand side by side one that wraps would move them all: on our page, and in an article."""
    home = service.site.settings.public_url
    for name, address in (("page", f"{home}/comments/new?url={blog}/"), ("article", f"{blog}/")):
        await page.goto(address)
        labels = [page.locator(f"form.comment-form [for=comment-{field}]") for field in ("name", "email")]
        wrapped = []
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            heights = [box["height"] for box in [await label.bounding_box() for label in labels] if box]
            if len(heights) < 2 or abs(heights[0] - heights[1]) > 1:
                wrapped.append(width)
        figure(f"comment_{name}_widths_with_a_wrapped_label", len(wrapped), "= 0", not wrapped)
        assert not wrapped, name
