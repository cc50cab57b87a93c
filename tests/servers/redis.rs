//! `RedisStore` over Redis, Redis Cluster and Valkey.
