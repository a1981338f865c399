select version(), current_timestamp
