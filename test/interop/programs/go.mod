// SPDX-License-Identifier: MIT
module exchange

go 1.19
