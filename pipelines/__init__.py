"""Raw rows -> shards, and the judge over shards at scale. The only importer of apache_beam."""
