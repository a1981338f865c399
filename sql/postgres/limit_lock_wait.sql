set local lock_timeout = '{wait}'
