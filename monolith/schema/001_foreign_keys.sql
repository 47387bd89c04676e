-- What one database can promise and several cannot: nothing refers to what is
-- not there.
ALTER TABLE stock         ADD FOREIGN KEY (sku) REFERENCES products;
ALTER TABLE pictures      ADD FOREIGN KEY (sku) REFERENCES products;
ALTER TABLE cart_lines    ADD FOREIGN KEY (account_id) REFERENCES accounts;
ALTER TABLE cart_lines    ADD FOREIGN KEY (sku) REFERENCES products;
ALTER TABLE orders        ADD FOREIGN KEY (account_id) REFERENCES accounts;
ALTER TABLE order_lines   ADD FOREIGN KEY (sku) REFERENCES products;
ALTER TABLE stock_movements ADD FOREIGN KEY (order_id) REFERENCES orders DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ledger_entries  ADD FOREIGN KEY (order_id) REFERENCES orders DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE idempotent_requests ADD FOREIGN KEY (account_id) REFERENCES accounts;
