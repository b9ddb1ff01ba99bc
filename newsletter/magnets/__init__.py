"""What is given: lead magnets with versions that never change, and who downloaded them."""

from newsletter.magnets.actions import Given, Magnets
from newsletter.magnets.model import Magnet

__all__ = ["Given", "Magnet", "Magnets"]
