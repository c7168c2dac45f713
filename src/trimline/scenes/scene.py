"""Scene: the common type of all satellite products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from odc.geo.geom import Geometry

from trimline.display import in_html, in_lines
from trimline.errors import BandError, TrimlineError
from trimline.scenes.asset import Asset
from trimline.scenes.assets_on_grid import read_assets
from trimline.scenes.quality_reading import CLOUD_KINDS, kind_of, read_fill, read_flags, tells_fill
from trimline.scenes.scene_identity import scene_identity
from trimline.sensors import ReflectanceLevel, Sensor, Units

if TYPE_CHECKING:
    import xarray as xr

SPATIAL_DIMENSIONS = ("y", "x")
"""Names of the spatial dimensions, for grids in degrees too."""


@dataclass(frozen=True)
class Scene:
    """One image of one sensor: its metadata, its grid, and the rasters of its bands.

    Examples
    --------
    >>> import trimline
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> scene.bands, scene.time, scene.crs
    >>> red = scene.read("red")  # (y, x)
    >>> visible = scene.read(["red", "green", "blue"], chunks=1024)  # (band, y, x), lazy
    """

    id: str
    """The agency's product id, or a name given by the user."""
    sensor: Sensor
    """The instrument and its bands."""
    time: datetime | None
    """Acquisition (UTC); None where not even the day is known."""
    geobox: GeoBox
    """The working grid: projected, in metres, north-up, with nearly square pixels."""
    footprint: Geometry
    """Outline of the grid (EPSG:4326)."""
    assets: Mapping[str, Asset]
    """The assets of the bands, by common name."""
    source: Path
    """The product on disk."""
    sun_azimuth: float | None = None
    """At the scene's centre, clockwise from north [degrees]."""
    sun_elevation: float | None = None
    """At the scene's centre, above the horizon [degrees]."""
    tile: str | None = None
    """WRS-2 path and row (`139036`) or MGRS tile (`46RER`)."""
    cloud_cover: float | None = None
    """[percent]"""
    quality_assets: Mapping[str, Asset] = field(default_factory=dict)
    """Quality files by kind, where present: QA_PIXEL as `pixel`, QA_RADSAT as `saturation`, and those of Sentinel-2;
    see `trimline.scenes.quality_reading`."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Files that the metadata name and the product lacks, by common name."""
    level: str | None = None
    """Processing level: `L1TP`, `L2SP`, `L1C`, `L2A`, ...; None where unknown."""
    date: str | None = None
    """Day, month or year of the acquisition, ISO 8601, as precisely as it is known."""
    metadata_sha256: str | None = None
    """SHA-256 of the content of the metadata file or sidecar; None where it is not known."""

    @property
    def identity(self) -> str:
        """SHA-256 of all that decides the pixels, as the files lie now; see `trimline.scenes.scene_identity`."""
        return scene_identity(self)

    @property
    def reflectance_level(self) -> ReflectanceLevel | None:
        """Whether reflectance is that at the top of the atmosphere (`toa`) or of the `surface`; None where unknown."""
        return reflectance_level(self.level)

    @property
    def bands(self) -> tuple[str, ...]:
        """Common names of the bands that are there, in the product's order."""
        return tuple(self.assets)

    @property
    def crs(self) -> CRS | None:
        """The CRS of the grid that the scene is worked on."""
        return self.geobox.crs

    def __repr__(self) -> str:
        return in_lines(f"Scene {self.id}", self._description())

    def _repr_html_(self) -> str:
        return in_html(f"Scene {self.id}", self._description())

    def read(
        self,
        bands: str | Sequence[str],
        geobox: GeoBox | None = None,
        units: Units = "reflectance",
        chunks: int | tuple[int, int] | None = None,
    ) -> xr.DataArray:
        """Read a band, or several, onto a grid.

        Parameters
        ----------
        bands
            One name, or several: common ones (`red`) or the agency's (`B4`).
        geobox
            The grid; None means the scene's own. It may reach beyond the scene. Where its pixels coincide with the
            raster's, values are those of the raster, else bilinear means.
        units
            `reflectance`: a fraction, in thermal bands kelvin. `dn`: the numbers as stored.
        chunks
            Rows and columns of the chunks of a lazy (dask) array; None reads at once. The values are the same.

        Returns
        -------
        xarray.DataArray
            (band, y, x) float32, or (y, x) where `bands` is one name, with CRS and coordinates, NaN outside the valid
            data. The scalar coordinate `time` is that of the acquisition (datetime64, UTC); it is absent where the
            time is unknown.

        Raises
        ------
        BandError
            The scene lacks a band, or its calibration is unknown.
        ProductError
            A raster is damaged.

        Examples
        --------
        >>> green, swir1 = scene.read(["green", "swir1"])
        >>> ndsi = (green - swir1) / (green + swir1)
        >>> scene.read("red", chunks=1024).mean().compute()
        """
        xarray: Any = import_module("xarray")
        target = self.geobox if geobox is None else geobox
        names = [self._common(band) for band in ([bands] if isinstance(bands, str) else bands)]
        assets = [self.assets[name] for name in names]
        if units == "reflectance":
            self._check_calibration(names)
        data: Any
        if chunks is None:
            data = _load(assets, target, units, target)
        else:
            data = _lazy(assets, target, units, (chunks, chunks) if isinstance(chunks, int) else chunks)
        array: xr.DataArray = xarray.DataArray(
            data,
            dims=("band", *SPATIAL_DIMENSIONS),
            coords={"band": names, **self._coordinates(target)},
            name=units,
            attrs={"scene": self.id, "units": "1" if units == "reflectance" else units, "grid_mapping": "spatial_ref"},
        )
        return array.isel(band=0) if isinstance(bands, str) else array

    def quality(self, geobox: GeoBox | None = None) -> xr.Dataset:
        """Read the quality flags onto a grid, by nearest neighbour.

        Parameters
        ----------
        geobox
            The grid; None means the scene's own.

        Returns
        -------
        xarray.Dataset
            (y, x) bool variables `fill cloud cloud_shadow dilated_cloud cirrus snow water clear saturated`, `occluded`
            (Landsat 8-9) and `dropped` (defective or lost; not Landsat 8-9), from QA_PIXEL and QA_RADSAT, or from
            Sentinel-2's masks. A flag that the product does not have is absent. Outside the product only `fill` is
            true.

        Raises
        ------
        BandError
            The product has no quality band.
        """
        if not self.quality_assets:
            raise BandError(
                "the product has no quality band",
                where=self.id,
                remedy=self._lost("pixel") or "use it without masks, or mask by hand",
            )
        xarray: Any = import_module("xarray")
        target = self.geobox if geobox is None else geobox
        flags = read_flags(self.quality_assets, target, self.sensor)
        dataset: xr.Dataset = xarray.Dataset(
            {name: (SPATIAL_DIMENSIONS, flag) for name, flag in flags.items()},
            coords=self._coordinates(target),
            attrs={"scene": self.id},
        )
        return dataset

    @property
    def has_fill(self) -> bool:
        """Whether the product tells where its image has no data, as `fill` needs."""
        return tells_fill(self.quality_assets)

    @property
    def has_cloud_flags(self) -> bool:
        """Whether the product tells where cloud is."""
        return any(kind_of(key) in CLOUD_KINDS for key in self.quality_assets)

    def fill(self, geobox: GeoBox | None = None) -> NDArray[np.bool_]:
        """Return the fill flag of the quality bands, (h, w), without the other flags.

        Raises
        ------
        BandError
            The product has no quality band that tells it.
        """
        if not self.has_fill:
            raise BandError("the product has no quality band with fill", where=self.id, remedy=self._lost("pixel"))
        return read_fill(self.quality_assets, self.geobox if geobox is None else geobox)

    def _coordinates(self, geobox: GeoBox) -> dict[str, Any]:
        """Return what arrays on a grid carry: coordinates, the CRS, and the time where it is known."""
        spatial: dict[str, Any] = import_module("odc.geo.xr").xr_coords(geobox, dims=SPATIAL_DIMENSIONS)
        if self.time is None:
            return spatial
        return {**spatial, "time": np.datetime64(self.time.astimezone(UTC).replace(tzinfo=None), "ns")}

    def _description(self) -> list[tuple[str, str]]:
        """Return what is shown of a scene, line by line."""
        when = f"{self.time:%Y-%m-%d %H:%M:%S} UTC" if self.time else self.date
        height, width = self.geobox.shape
        return [
            ("sensor", ", ".join(each for each in (self.sensor.id, self.level, self.tile) if each)),
            ("time", when or "unknown"),
            ("bands", " ".join(self.bands)),
            ("grid", f"{width} x {height} pixels of {abs(float(self.geobox.resolution.x)):g} m, {self.crs}"),
            ("source", str(self.source)),
        ]

    def _common(self, band: str) -> str:
        """Return the common name of a band that the scene holds."""
        if band in self.assets:
            return band
        common = self.sensor.band(band).common
        if common in self.assets:
            return common
        raise BandError(
            f"the product lacks band '{common}'",
            where=self.id,
            remedy=self._lost(common) or f"it holds {', '.join(self.assets)}",
        )

    def _lost(self, common: str) -> str | None:
        if common not in self.missing:
            return None
        return f"its metadata name the file {self.missing[common]}, which is not there: fetch the product again"

    def _check_calibration(self, names: Sequence[str]) -> None:
        """Raise an error with scene and band before anything is read."""
        for name in names:
            try:
                self.assets[name].calibration(np.zeros(1, dtype=np.float32))
            except TrimlineError as error:
                raise BandError(error.what, where=f"{self.id}, band {name}", remedy=error.remedy) from None


def reflectance_level(level: str | None) -> ReflectanceLevel | None:
    """Return what the reflectance of a processing level is of; None for a level of neither Landsat nor Sentinel-2."""
    folded = (level or "").upper()
    if folded.startswith("L1"):
        return "toa"
    return "surface" if folded.startswith("L2") else None


def _load(assets: Sequence[Asset], geobox: GeoBox, units: Units, whole: GeoBox) -> NDArray[np.float32]:
    numbers = read_assets(assets, geobox, ratio_of=whole)
    if units == "reflectance":
        for position, asset in enumerate(assets):
            numbers[position] = asset.calibration(numbers[position])
    return numbers


def _lazy(assets: Sequence[Asset], geobox: GeoBox, units: Units, chunks: tuple[int, int]) -> Any:
    da: Any = import_module("dask.array")
    sizes = da.core.normalize_chunks(((len(assets),), *chunks), (len(assets), *geobox.shape))
    block = partial(_load_block, assets=assets, geobox=geobox, units=units)
    return da.map_blocks(block, chunks=sizes, dtype=np.float32, meta=np.empty((0, 0, 0), dtype=np.float32))


def _load_block(
    block_info: Any = None, *, assets: Sequence[Asset], geobox: GeoBox, units: Units
) -> NDArray[np.float32]:
    """Read one chunk; at the top of the module, so that it can be pickled."""
    (_, *rows_and_columns) = block_info[None]["array-location"]
    window = tuple(slice(start, stop) for start, stop in rows_and_columns)
    return _load(assets, geobox[window], units, geobox)
