begin transaction read only;
set local client_encoding to 'UTF8';
set local timezone to 'UTC';
set local datestyle to 'ISO, MDY';
set local intervalstyle to 'postgres';
set local bytea_output to 'hex';
set local extra_float_digits to 3;
set local standard_conforming_strings to on;
set local row_security to off;
set local statement_timeout to 0
