"""One file a dataset, each with NAME, LICENCE, CITATION, HOW_TO_GET and a reader."""
