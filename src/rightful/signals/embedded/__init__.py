"""What an asset carries inside itself about its use: C2PA/CAWG assertions, and IPTC/PLUS metadata.

Nothing here opens a file or verifies a signature: the caller brings what its reader of manifests or metadata gives.
"""
