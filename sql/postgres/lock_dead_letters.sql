lock table {dead_letters} in share row exclusive mode
