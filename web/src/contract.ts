// What page and server say to each other: the server's models (src/trimline/review/contract.py), made into types.
import type { components } from "./generated";

type Models = components["schemas"];

export type Bounds = [number, number, number, number];
export type Review = Models["Review"];
export type Period = Models["Period"];
export type Layer = Models["Layer"];
export type Picture = Models["Picture"];
export type Band = Models["Band"];
export type Overlay = Models["Overlay"];
export type GlacierList = Models["GlacierList"];
export type GlacierRow = Models["GlacierRow"];
export type Glacier = Models["Glacier"];
export type Outline = Models["Outline"];
export type Measure = Models["Measure"];
export type Draft = Models["Draft"];
export type DraftOperation = Draft["operation"];
export type Preview = Models["Preview"];
export type SaveRequest = Models["SaveRequest"];
export type Saved = Models["Saved"];
export type Conflict = Models["Conflict"];
export type EditRow = Models["EditRow"];
export type EditList = Models["EditList"];
export type EditHistory = Models["EditHistory"];
export type RevertRequest = Models["RevertRequest"];
export type Changes = Models["Changes"];
export type Failure = Models["Failure"];
