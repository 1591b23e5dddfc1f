// The commands of expiry_commands.cc.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "expire: sets an expiry that ttl tells, rounded") {
    expect("TTL a", ":-2|");
    expect("PTTL a", ":-2|");
    expect("EXPIRETIME a", ":-2|");
    expect("PEXPIRETIME a", ":-2|");
    expect("EXPIRE a 10", ":0|");
    expect("SET a 1", "+OK|");
    expect("TTL a", ":-1|");
    expect("PTTL a", ":-1|");
    expect("EXPIRETIME a", ":-1|");
    expect("PEXPIRETIME a", ":-1|");
    expect("EXPIRE a 100", ":1|");
    expect("TTL a", ":100|");
    expect("PEXPIRE a 100700", ":1|");
    expect("TTL a", ":101|");
    expect("PEXPIRE a 100300", ":1|");
    expect("TTL a", ":100|");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("PEXPIRETIME a", ":4102444800000|");
    expect("PEXPIREAT a 4102444800499", ":1|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("PEXPIRETIME a", ":4102444800499|");
    expect("PEXPIREAT a 4102444800500", ":1|");
    expect("EXPIRETIME a", ":4102444801|");
    expect("GET a", "$1|1|");
    expect("PERSIST a", ":1|");
    expect("PERSIST a", ":0|");
    expect("PERSIST none", ":0|");
    expect("TTL a", ":-1|");
}

TEST_CASE_METHOD(CommandFixture, "expire: a time in the past deletes") {
    expect("SET a 1", "+OK|");
    expect("EXPIRE a 0", ":1|");
    expect("EXISTS a", ":0|");
    expect("SET a 1", "+OK|");
    expect("EXPIRE a -100", ":1|");
    expect("EXISTS a", ":0|");
    expect("SET a 1", "+OK|");
    expect("PEXPIRE a -1", ":1|");
    expect("EXISTS a", ":0|");
    expect("SET a 1", "+OK|");
    expect("EXPIREAT a 1", ":1|");
    expect("EXISTS a", ":0|");
    expect("SET a 1", "+OK|");
    expect("PEXPIREAT a -9223372036854775808", ":1|");
    expect("EXISTS a", ":0|");
    expect("SET a 1", "+OK|");
    expect("PEXPIRE a -9223372036854775808", ":1|");
    expect("EXISTS a", ":0|");
    expect("SET a 1", "+OK|");
    expect("EXPIREAT a 0 XX", ":0|");
    expect("EXPIREAT a 0 NX", ":1|");
    expect("EXISTS a", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "expire: refuses times that are none or too large") {
    expect("SET a 1", "+OK|");
    expect("EXPIRE a x", "-ERR value is not an integer or out of range|");
    expect("EXPIRE a 1.5", "-ERR value is not an integer or out of range|");
    expect("EXPIRE a \"\"", "-ERR value is not an integer or out of range|");
    expect("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command|");
    expect("EXPIRE a -9223372036854775807", "-ERR invalid expire time in 'expire' command|");
    expect("EXPIRE a 9223372036854775", "-ERR invalid expire time in 'expire' command|");
    expect("EXPIRE none 9223372036854775807", "-ERR invalid expire time in 'expire' command|");
    expect("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command|");
    expect("EXPIREAT a 9223372036854775808", "-ERR value is not an integer or out of range|");
    expect("EXPIREAT a 9223372036854776", "-ERR invalid expire time in 'expireat' command|");
    expect("EXPIREAT a -9223372036854776", "-ERR invalid expire time in 'expireat' command|");
    expect("PEXPIREAT a x", "-ERR value is not an integer or out of range|");
    expect("TTL a", ":-1|");
    expect("EXPIREAT a 9223372036854775", ":1|");
    expect("EXPIRETIME a", ":9223372036854775|");
    expect("PEXPIREAT a 9223372036854775807", ":1|");
    expect("PEXPIRETIME a", ":9223372036854775807|");
}

TEST_CASE_METHOD(CommandFixture,
                 "expire: conditions compare with the expiry there is, none being the latest") {
    expect("SET a 1", "+OK|");
    expect("EXPIREAT a 4102444800 XX", ":0|");
    expect("EXPIREAT a 4102444800 GT", ":0|");
    expect("EXPIRETIME a", ":-1|");
    expect("EXPIREAT a 4102444800 LT", ":1|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("EXPIREAT a 4102444900 NX", ":0|");
    expect("EXPIREAT a 4102444800 GT", ":0|");
    expect("EXPIREAT a 4102444801 gt", ":1|");
    expect("EXPIRETIME a", ":4102444801|");
    expect("EXPIREAT a 4102444801 LT", ":0|");
    expect("EXPIREAT a 4102444700 lt", ":1|");
    expect("EXPIREAT a 4102444600 XX LT", ":1|");
    expect("EXPIREAT a 4102444900 XX LT", ":0|");
    expect("EXPIREAT a 4102444900 XX GT", ":1|");
    expect("EXPIRETIME a", ":4102444900|");
    expect("PERSIST a", ":1|");
    expect("EXPIREAT a 4102444800 NX", ":1|");
    expect("EXPIREAT a 4102444800 XX XX", ":1|");
    expect("EXPIREAT none 4102444800 NX", ":0|");
    expect("PEXPIREAT a 4102444800001 GT", ":1|");
    expect("PEXPIRETIME a", ":4102444800001|");
    expect("EXPIRE a 100 LT", ":1|");
    expect("TTL a", ":100|");
    expect("PEXPIRE a 50000 GT", ":0|");
    expect("EXPIRE a -1 GT", ":0|");
    expect("EXPIRE a -1 LT", ":1|");
    expect("EXISTS a", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "expire: refuses conditions that do not go together") {
    expect("SET a 1", "+OK|");
    expect("EXPIRE a 10 NX XX",
           "-ERR NX and XX, GT or LT options at the same time are not compatible|");
    expect("EXPIRE a 10 NX GT",
           "-ERR NX and XX, GT or LT options at the same time are not compatible|");
    expect("EXPIRE a 10 LT NX",
           "-ERR NX and XX, GT or LT options at the same time are not compatible|");
    expect("EXPIRE a 10 GT LT", "-ERR GT and LT options at the same time are not compatible|");
    expect("EXPIRE a 10 NX GT LT",
           "-ERR NX and XX, GT or LT options at the same time are not compatible|");
    expect("EXPIRE a 10 FOO", "-ERR Unsupported option FOO|");
    expect("EXPIRE a 10 NX FOO", "-ERR Unsupported option FOO|");
    expect("EXPIRE a x FOO", "-ERR Unsupported option FOO|");
    expect("EXPIRE a x NX XX",
           "-ERR NX and XX, GT or LT options at the same time are not compatible|");
    expect("EXPIRE a 10 \"\"", "-ERR Unsupported option |");
    expect("PEXPIRE a 10 AB", "-ERR Unsupported option AB|");
    expect("EXPIREAT a 10 AB", "-ERR Unsupported option AB|");
    expect("PEXPIREAT a 10 GT LT", "-ERR GT and LT options at the same time are not compatible|");
    expect("TTL a", ":-1|");
}

TEST_CASE_METHOD(CommandFixture, "expiry: time passes, and ttl rounds to the nearest second") {
    given({"SET a 1 PX 2499"});
    expect("TTL a", ":2|");
    expect("PTTL a", ":2499|");
    expect("PEXPIRETIME a", ":1800000002499|");
    expect("EXPIRETIME a", ":1800000002|");
    view.time_ms += 1'000;
    expect("TTL a", ":1|");
    view.time_ms += 1'000;
    expect("TTL a", ":0|");
    expect("PTTL a", ":499|");
    expect("INCR a", ":2|");
    view.time_ms += 498;
    expect("PTTL a", ":1|");
    view.time_ms += 1;
    expect("TTL a", ":-2|");
    expect("GET a", "$-1|");
    expect("INCR a", ":1|");
    expect("TTL a", ":-1|");
}

TEST_CASE_METHOD(CommandFixture, "expiry: relative times count from now, to the millisecond") {
    given({"SET a 1 EX 10", "SETEX b 20 1", "PSETEX c 30 1", "MSET d 1 e 1 f 1", "EXPIRE d 40",
           "PEXPIRE e 50", "GETEX f EX 60"});
    expect("PEXPIRETIME a", ":1800000010000|");
    expect("PEXPIRETIME b", ":1800000020000|");
    expect("PEXPIRETIME c", ":1800000000030|");
    expect("PEXPIRETIME d", ":1800000040000|");
    expect("PEXPIRETIME e", ":1800000000050|");
    expect("PEXPIRETIME f", ":1800000060000|");
    expect("PEXPIRE e 50 GT", ":0|");
    expect("PEXPIRE e 51 GT", ":1|");
    expect("PEXPIRE e 51 LT", ":0|");
    expect("EXPIREAT d 1800000000", ":1|");
    expect("EXISTS d", ":0|");
}

}  // namespace kv::server
