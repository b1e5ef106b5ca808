"""Data: points in the plane, sets of pictures, batches. Import the module you want; nothing is
imported here, so that `import torchbook.data` costs nothing."""
