"""What does the office of the demonstration hold on its first morning? Made up, and the same for the same seed."""

from models.demo.people import DemoCredential, demo_credentials
from models.demo.profile import demo
from models.demo.record import IBC_CODE, Record

__all__ = ["IBC_CODE", "DemoCredential", "Record", "demo", "demo_credentials"]
