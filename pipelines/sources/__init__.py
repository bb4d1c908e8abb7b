"""Raw files -> records -> problems: what a file holds (`files`) and what a record means (`adapters`).

Readers know bytes and rows and nothing about mathematics; adapters know one record and nothing about files.
"""
