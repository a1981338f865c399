set default_transaction_read_only to on;
set client_encoding to 'UTF8';
set timezone to 'UTC';
set datestyle to 'ISO, MDY';
set intervalstyle to 'postgres';
set bytea_output to 'hex';
set extra_float_digits to 3;
set standard_conforming_strings to on;
set row_security to off;
set statement_timeout to 0
