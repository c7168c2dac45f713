"""What is reviewed: a project, or the folder of one map, with its periods, scenes and rasters."""
