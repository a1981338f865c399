select sum(num_docs)::bigint from sys.shards where schema_name = $1 and table_name = $2 and "primary"
