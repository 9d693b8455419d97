"""Looks over an application and what it stands on, and says what is wrong and what to do. It changes nothing.

`findings.py` is what is found, `examination.py` the order in which it is looked for; the other modules are named for
what they look at. :func:`examine` is the way in.
"""

from mog.doctor.examination import examine
from mog.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examine"]
