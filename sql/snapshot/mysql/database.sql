select coalesce(database(), '')
