/* SPDX-License-Identifier: MIT */
/* catenet/catenet.h - everything of libcatenet. */
#ifndef CATENET_CATENET_H
#define CATENET_CATENET_H

#include <catenet/base.h>
#include <catenet/engine.h>
#include <catenet/frame.h>
#include <catenet/framing.h>
#include <catenet/host.h>
#include <catenet/link.h>
#include <catenet/posix.h>
#include <catenet/socket.h>
#include <catenet/stack.h>
#include <catenet/tun.h>

#endif
