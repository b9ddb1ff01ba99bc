"""What is given: lead magnets with versions that never change, and who downloaded them."""

from newsletter.magnets.actions import Given, Magnets
from newsletter.magnets.model import Magnet
from newsletter.magnets.store import all_magnets

__all__ = ["Given", "Magnet", "Magnets", "all_magnets"]
