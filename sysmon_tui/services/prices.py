"""What a warehouse costs: DBU an hour by size, and the list price of a DBU by kind."""

from __future__ import annotations

from typing import Final

# Databricks documents these for one cluster of each size; our statements keep one busy. A size that is not here has no
# estimate, rather than a wrong one.
DBU_PER_HOUR: Final = {
    "2X-Small": 4.0,
    "X-Small": 6.0,
    "Small": 12.0,
    "Medium": 24.0,
    "Large": 40.0,
    "X-Large": 80.0,
    "2X-Large": 144.0,
    "3X-Large": 272.0,
    "4X-Large": 528.0,
}

# Dollars a DBU on AWS in US regions. Other clouds, regions and contracts differ: cost.usd_per_dbu says what holds.
USD_PER_DBU: Final = {"serverless": 0.70, "pro": 0.55, "classic": 0.22}
