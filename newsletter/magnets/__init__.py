"""What is given: lead magnets with versions that never change, and who downloaded them."""

from newsletter.magnets import telling
from newsletter.magnets.actions import TAKEN, Given, Magnets
from newsletter.magnets.model import Magnet
from newsletter.magnets.store import all_magnets
from newsletter.magnets.versions_store import Version, all_versions

__all__ = ["TAKEN", "Given", "Magnet", "Magnets", "Version", "all_magnets", "all_versions", "telling"]
