update {registry} set purge_horizon = $2 where target = $1 and (purge_horizon is null or purge_horizon < $2)
