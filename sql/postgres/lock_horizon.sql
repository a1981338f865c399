select purge_horizon from {registry} where target = $1::text for share
