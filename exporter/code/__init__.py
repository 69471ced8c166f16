"""What a git history tells of the code itself: how long lines last, which are copies or moved, and time on tests.

Pure functions over patches and plain values; git itself is run by ``exporter.runtime.git``.
"""
