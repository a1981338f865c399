set
  character_set_client = utf8mb4, character_set_connection = utf8mb4, character_set_results = utf8mb4,
  time_zone = '+00:00', sql_mode = '', max_sort_length = 16384,
  net_read_timeout = 86400, net_write_timeout = 86400, wait_timeout = 86400
