"""The known archives. A new one is one entry in `ARCHIVES`, and a signer where it has rules of its own.

Addresses and collections as the archives publish them: Earth Search (Element 84), Planetary Computer (Microsoft),
LandsatLook (USGS), Copernicus Data Space Ecosystem (ESA). None of them answers a test: what is written here is from
their documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trimline.catalogues.archive import Archive, Holding
from trimline.catalogues.aws import RequesterPays
from trimline.catalogues.oauth import CopernicusTokens
from trimline.catalogues.sas import SasTokens

_WITH_SWIR = ("TM", "ETM+", "OLI")
_LANDSATLOOK = "https://landsatlook.usgs.gov/"
"""Files of USGS by HTTPS need a login in a browser; the same files lie in a bucket whose requester pays."""
_USGS_BUCKET = {"usgs-landsat": "us-west-2"}
_SENTINEL_BUCKETS = {"sentinel-s2-l1c": "eu-central-1", "sentinel-s2-l2a": "eu-central-1"}
_REQUESTER_PAYS = "an account of AWS for what lies in buckets whose requester pays"

ARCHIVES: Mapping[str, Archive] = MappingProxyType(
    {
        archive.name: archive
        for archive in (
            Archive(
                name="earth-search",
                title="Earth Search (Element 84, AWS)",
                address="https://earth-search.aws.element84.com/v1",
                holdings=(
                    Holding("sentinel-2-c1-l2a", ("MSI",), "L2"),
                    Holding("sentinel-2-l2a", ("MSI",), "L2"),
                    Holding("sentinel-2-l1c", ("MSI",), "L1"),
                    Holding("landsat-c2-l2", _WITH_SWIR, "L2"),
                ),
                access=f"nothing for Sentinel-2 L2A and elevation; {_REQUESTER_PAYS}: Landsat, Sentinel-2 L1C",
                signing=lambda: RequesterPays({**_USGS_BUCKET, **_SENTINEL_BUCKETS}),
                elevation="cop-dem-glo-30",
                alternates={_LANDSATLOOK: "s3"},
            ),
            Archive(
                name="planetary-computer",
                title="Planetary Computer (Microsoft)",
                address="https://planetarycomputer.microsoft.com/api/stac/v1",
                holdings=(
                    Holding("landsat-c2-l2", _WITH_SWIR, "L2"),
                    Holding("sentinel-2-l2a", ("MSI",), "L2"),
                    Holding("landsat-c2-l1", ("MSS",), "L1"),
                ),
                access="nothing: its tokens are fetched without a login (PC_SDK_SUBSCRIPTION_KEY gives longer ones)",
                signing=lambda: SasTokens("https://planetarycomputer.microsoft.com/api/sas/v1/token"),
                elevation="cop-dem-glo-30",
            ),
            Archive(
                name="usgs",
                title="LandsatLook (USGS)",
                address="https://landsatlook.usgs.gov/stac-server",
                holdings=(
                    Holding("landsat-c2l1", ("MSS", *_WITH_SWIR), "L1"),
                    Holding("landsat-c2l2-sr", _WITH_SWIR, "L2"),
                ),
                access=f"{_REQUESTER_PAYS}: all of it",
                signing=lambda: RequesterPays(_USGS_BUCKET),
                alternates={_LANDSATLOOK: "s3"},
            ),
            Archive(
                name="cdse",
                title="Copernicus Data Space Ecosystem (ESA)",
                address="https://stac.dataspace.copernicus.eu/v1",
                holdings=(
                    Holding("sentinel-2-l1c", ("MSI",), "L1"),
                    Holding("sentinel-2-l2a", ("MSI",), "L2"),
                ),
                access="an account: CDSE_USERNAME and CDSE_PASSWORD, or CDSE_REFRESH_TOKEN",
                signing=CopernicusTokens,
                elevation="cop-dem-glo-30-dged-cog",
                alternates={"s3://eodata/": "https", "s3://EODATA/": "https"},
            ),
        )
    }
)
"""Every archive that comes with trimline, by name."""
