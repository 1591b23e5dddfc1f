// The commands of number_commands.cc.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

namespace kv::server {

TEST_CASE_METHOD(CommandFixture, "incr and decr: count from nothing and keep the expiry") {
    expect("INCR a", ":1|");
    expect("INCR a", ":2|");
    expect("DECR a", ":1|");
    expect("DECR b", ":-1|");
    expect("GET a", "$1|1|");
    expect("GET b", "$2|-1|");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("INCR a", ":2|");
    expect("EXPIRETIME a", ":4102444800|");
    expect("INCRBY a 40", ":42|");
    expect("DECRBY a 50", ":-8|");
    expect("GET a", "$2|-8|");
}

TEST_CASE_METHOD(CommandFixture, "incr: only integers in their shortest form count") {
    expect("SET a 01", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a +1", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a _1", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a 1_", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a 1.0", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a -0", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a -", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a \"\"", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a 0x10", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a 1\\x00", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a 9223372036854775808", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a -9223372036854775809", "+OK|");
    expect("DECR a", "-ERR value is not an integer or out of range|");
    expect("SET a 99999999999999999999999", "+OK|");
    expect("INCR a", "-ERR value is not an integer or out of range|");
    expect("SET a 0", "+OK|");
    expect("INCR a", ":1|");
    expect("SET a -1", "+OK|");
    expect("INCR a", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "incr: does not overflow") {
    expect("SET a 9223372036854775807", "+OK|");
    expect("INCR a", "-ERR increment or decrement would overflow|");
    expect("INCRBY a 1", "-ERR increment or decrement would overflow|");
    expect("DECR a", ":9223372036854775806|");
    expect("SET a -9223372036854775808", "+OK|");
    expect("DECR a", "-ERR increment or decrement would overflow|");
    expect("DECRBY a 1", "-ERR increment or decrement would overflow|");
    expect("INCRBY a -1", "-ERR increment or decrement would overflow|");
    expect("INCR a", ":-9223372036854775807|");
    expect("SET a -1", "+OK|");
    expect("INCRBY a -9223372036854775807", ":-9223372036854775808|");
    expect("INCRBY a -1", "-ERR increment or decrement would overflow|");
    expect("INCRBY b -9223372036854775808", ":-9223372036854775808|");
    expect("SET a 1", "+OK|");
    expect("DECRBY a -9223372036854775808", "-ERR decrement would overflow|");
    expect("DECRBY a 9223372036854775807", ":-9223372036854775806|");
    expect("INCRBY a 9223372036854775807", ":1|");
    expect("GET a", "$1|1|");
}

TEST_CASE_METHOD(CommandFixture, "incrby and decrby: the step is checked before the value") {
    expect("SET s text", "+OK|");
    expect("INCRBY s x", "-ERR value is not an integer or out of range|");
    expect("INCRBY s 1", "-ERR value is not an integer or out of range|");
    expect("INCRBY a 1.5", "-ERR value is not an integer or out of range|");
    expect("INCRBY a +1", "-ERR value is not an integer or out of range|");
    expect("INCRBY a 9223372036854775808", "-ERR value is not an integer or out of range|");
    expect("DECRBY a x", "-ERR value is not an integer or out of range|");
    expect("DECRBY a \"\"", "-ERR value is not an integer or out of range|");
    expect("DECRBY s -9223372036854775808", "-ERR decrement would overflow|");
    expect("EXISTS a", ":0|");
}

TEST_CASE_METHOD(CommandFixture, "incrbyfloat: sums are written as Redis writes them") {
    expect("INCRBYFLOAT a 10.5", "$4|10.5|");
    expect("INCRBYFLOAT a 0.1", "$4|10.6|");
    expect("INCRBYFLOAT a -5", "$3|5.6|");
    expect("GET a", "$3|5.6|");
    expect("SET a 5.0e3", "+OK|");
    expect("INCRBYFLOAT a 200", "$4|5200|");
    expect("SET a 0.1", "+OK|");
    expect("INCRBYFLOAT a 0.2", "$3|0.3|");
    expect("SET a 3.0", "+OK|");
    expect("INCRBYFLOAT a 1.000000000000000005", "$19|4.00000000000000001|");
    expect("INCRBYFLOAT a -4", "$19|0.00000000000000001|");
    expect("SET a 0", "+OK|");
    expect("INCRBYFLOAT a -0.0", "$1|0|");
    expect("INCRBYFLOAT a 1e20", "$21|100000000000000000000|");
    expect("INCRBYFLOAT a 1e300",
           "$301|"
           "100000000000000000000899732407955919387052394427329074793826008232126564659618093575584"
           "915208375049719035037250861427483590359255618467298391309626052074864628732713564184365"
           "329408425510760601678972665293237003055138294762099454029477278188962060617926761162709"
           "7410650567187386105690089424915104006144|");
    expect("SET a 1", "+OK|");
    expect("INCRBYFLOAT a 1e-17", "$19|1.00000000000000001|");
    expect("SET a 1", "+OK|");
    expect("INCRBYFLOAT a 1e-18", "$1|1|");
    expect("SET a -1", "+OK|");
    expect("INCRBYFLOAT a 0.99999999999999999999", "$1|0|");
    expect("SET a 17179869184", "+OK|");
    expect("INCRBYFLOAT a 1.5", "$13|17179869185.5|");
    expect("SET a 0x1p4", "+OK|");
    expect("INCRBYFLOAT a 0x10", "$2|32|");
    expect("SET a .5", "+OK|");
    expect("INCRBYFLOAT a +1.", "$3|1.5|");
    expect("EXPIREAT a 4102444800", ":1|");
    expect("INCRBYFLOAT a 1", "$3|2.5|");
    expect("EXPIRETIME a", ":4102444800|");
    version = Version::k3;
    expect("INCRBYFLOAT a 1.25", "$4|3.75|");
}

TEST_CASE_METHOD(CommandFixture, "incrbyfloat: refuses what is no number, and sums that are none") {
    expect("INCRBYFLOAT a x", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a \"\"", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a _1", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a 1_", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a 1\\x00", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a nan", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a inf", "-ERR increment would produce NaN or Infinity|");
    expect("INCRBYFLOAT a -infinity", "-ERR increment would produce NaN or Infinity|");
    expect("INCRBYFLOAT a 1e5000", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a 1e-5000", "-ERR value is not a valid float|");
    expect("INCRBYFLOAT a 1,5", "-ERR value is not a valid float|");
    expect("SET a text", "+OK|");
    expect("INCRBYFLOAT a 1", "-ERR value is not a valid float|");
    expect("SET a inf", "+OK|");
    expect("INCRBYFLOAT a 1", "-ERR increment would produce NaN or Infinity|");
    expect("SET a 1_", "+OK|");
    expect("INCRBYFLOAT a 1", "-ERR value is not a valid float|");
    expect("SET a 1.1e4932", "+OK|");
    expect("INCRBYFLOAT a 1.1e4932", "-ERR increment would produce NaN or Infinity|");
    expect("GET a", "$8|1.1e4932|");
}

}  // namespace kv::server
