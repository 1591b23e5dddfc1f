// Asio's own code, compiled once here instead of in every file that uses it
// (BOOST_ASIO_SEPARATE_COMPILATION is set for the whole target).
// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/impl/src.hpp>
