/* SPDX-License-Identifier: MIT */
/*
 * Linux's Documentation/networking/tuntap.rst and the virtio header of
 * VIRTIO 1.2 section 5.1.6 (legacy layout of 10 octets, host byte order).
 * Moves frames and nothing else: addresses and routes are netlink.h's.
 */
#include "link/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire/cut.h"
#include "wire/offload.h"
#include "wire/tcp_seg.h"

#define TUN_DEVICE "/dev/net/tun"
#define VNET_LEN ((int)sizeof(struct virtio_net_hdr))

/* ------------------------------------------------------------- opening -- */

static int fail(char *error, int err, const char *format, const char *name)
{
	if (error)
		snprintf(error, TUN_ERROR, format, name);
	return -err;
}

static int open_failed(char *error, int err)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return fail(error, err,
			    "%s is not there: load it with 'modprobe tun' (in "
			    "a container: start it with --device " TUN_DEVICE
			    ")",
			    TUN_DEVICE);
	case EACCES:
	case EPERM:
		return fail(error, err,
			    "no permission to open %s: run as root, or let "
			    "root do 'chmod 0666 " TUN_DEVICE "'",
			    TUN_DEVICE);
	}
	return fail(error, err, "cannot open " TUN_DEVICE ": %s",
		    strerror(err));
}

static int attach_failed(char *error, int err, const char *name)
{
	switch (err) {
	case EPERM:
		return fail(error, err,
			    "no permission to make the interface '%s': run as "
			    "root, or let root make it for you with 'ip tuntap "
			    "add mode tun user YOU dev NAME'",
			    name);
	case EBUSY:
		return fail(error, err,
			    "the interface '%s' is in use by another program: "
			    "stop it or choose another name",
			    name);
	case EINVAL:
		return fail(error, err,
			    "'%s' is no TUN interface, one of several queues, "
			    "or no name for one: choose another name",
			    name);
	}
	if (error)
		snprintf(error, TUN_ERROR, "cannot attach to '%s': %s", name,
			 strerror(err));
	return -err;
}

static int attach(struct tun *tun, const char *name, char *error)
{
	struct ifreq ifreq;

	memset(&ifreq, 0, sizeof(ifreq));
	if (strlen(name) >= sizeof(ifreq.ifr_name))
		return fail(error, ENAMETOOLONG,
			    "the name '%.64s' is too long for an interface: "
			    "use at most 15 characters",
			    name);
	memcpy(ifreq.ifr_name, name, strlen(name));
	ifreq.ifr_flags = tun->is_ethernet ? IFF_TAP : IFF_TUN;
	ifreq.ifr_flags |= IFF_NO_PI;
	if (!tun->is_plain)
		ifreq.ifr_flags |= IFF_VNET_HDR;
	if (ioctl(tun->fd, TUNSETIFF, &ifreq) < 0)
		return attach_failed(error, errno, name);
	memcpy(tun->name, ifreq.ifr_name, sizeof(tun->name) - 1);
	return 0;
}

/* What the kernel may hand us: without it, it cuts and completes itself. */
static int offer_offload(struct tun *tun, char *error)
{
	unsigned all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	int len = VNET_LEN;

	if (tun->is_plain)
		return ioctl(tun->fd, TUNSETOFFLOAD, 0) < 0 ? -errno : 0;
	if (ioctl(tun->fd, TUNSETVNETHDRSZ, &len) < 0)
		return fail(error, errno,
			    "the interface '%s' takes no virtio header: its "
			    "kernel is too old",
			    tun->name);
	if (ioctl(tun->fd, TUNSETOFFLOAD, all) < 0 &&
	    ioctl(tun->fd, TUNSETOFFLOAD, TUN_F_CSUM) < 0)
		return fail(error, errno,
			    "the interface '%s' refuses checksum offload",
			    tun->name);
	return 0;
}

int tun_open(struct tun *tun, const char *name, unsigned flags,
	     char error[TUN_ERROR])
{
	int err;

	memset(tun, 0, sizeof(*tun));
	tun->is_plain = flags & TUN_PLAIN;
	tun->is_ethernet = flags & TUN_ETHERNET;
	tun->fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return open_failed(error, errno);
	err = attach(tun, name ? name : "", error);
	if (!err)
		err = offer_offload(tun, error);
	if (err)
		tun_close(tun);
	return err;
}

void tun_adopt(struct tun *tun, int fd, unsigned flags)
{
	memset(tun, 0, sizeof(*tun));
	tun->fd = fd;
	tun->is_plain = flags & TUN_PLAIN;
	tun->is_ethernet = flags & TUN_ETHERNET;
}

void tun_close(struct tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	tun->fd = -1;
	cn_buf_unref(tun->super);
	tun->super = NULL;
}

/* ------------------------------------------------------------- reading -- */

static int read_failed(int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
		return CN_E_AGAIN;
	case ENOMEM:
		return CN_E_NOMEM;
	}
	return CN_E_NETDOWN; /* EBADFD: it was deleted; EIO */
}

/*
 * What was read stays where it is if it fills a large buffer reasonably;
 * otherwise it is copied into one of its size (if there is one), so that
 * nobody holds 64 KiB for a few packets.  Every read goes into the same warm
 * buffer then.
 */
static void take_packet(struct tun *tun, struct cn_pool *pool,
			struct cn_frame *frame, uint32_t off, uint32_t len)
{
	struct cn_buf *buf = NULL;

	if (len <= CN_BUF_MEDIUM)
		buf = cn_buf_new(pool, len);
	if (buf) {
		memcpy(buf->data, tun->super->data + off, len);
		off = 0;
	} else {
		buf = tun->super;
		tun->super = NULL;
	}
	frame->slice[0] = (struct cn_slice){buf, buf->data + off, len};
	frame->slice_n = 1;
	frame->payload_len = len;
}

/* The kernel vouches for what it hands over with a checksum to be completed:
 * no wire was between.  csum_start stays, since the field is partial. */
static void note_offload(struct cn_frame *frame,
			 const struct virtio_net_hdr *vnet)
{
	unsigned kind = vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;

	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    vnet->csum_start + vnet->csum_offset + 2u <= frame->payload_len) {
		frame->csum = CN_CSUM_VALID;
		frame->csum_start = vnet->csum_start;
		frame->csum_offset = vnet->csum_offset;
	} else if (vnet->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		frame->csum = CN_CSUM_VALID;
	}
	if (kind == VIRTIO_NET_HDR_GSO_TCPV4 ||
	    kind == VIRTIO_NET_HDR_GSO_TCPV6)
		frame->seg_size = vnet->gso_size;
}

static void begin_frame(struct cn_frame *frame)
{
	frame->header_len = 0;
	frame->seg_size = 0;
	frame->csum = CN_CSUM_NONE;
	frame->csum_start = 0;
	frame->csum_offset = 0;
	frame->slice_n = 0;
	frame->payload_len = 0;
}

/* One plain read: several pieces would cost the kernel more than a small
 * packet costs to copy. */
int tun_read(struct tun *tun, struct cn_pool *pool, struct cn_frame *frame)
{
	struct virtio_net_hdr vnet = {0};
	uint32_t skip = tun->is_plain ? 0 : VNET_LEN;
	ssize_t n;

	if (!tun->super)
		tun->super = cn_buf_new(pool, CN_BUF_SUPER);
	if (!tun->super)
		return CN_E_NOMEM;
	n = read(tun->fd, tun->super->data, tun->super->size);
	if (n < 0)
		return read_failed(errno);
	if ((size_t)n <= skip)
		return CN_E_AGAIN;
	memcpy(&vnet, tun->super->data, skip);
	begin_frame(frame);
	take_packet(tun, pool, frame, skip, (uint32_t)n - skip);
	note_offload(frame, &vnet);
	tun->read_n++;
	return CN_OK;
}

/* ------------------------------------------------------------- writing -- */

static int write_failed(struct tun *tun, int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
		return CN_E_AGAIN;
	case ENOMEM:
	case ENOBUFS:
		tun->dropped_n++;
		return CN_E_NOBUFS;
	case EINVAL:
	case EMSGSIZE:
		tun->dropped_n++;
		return CN_E_INVAL;
	}
	tun->dropped_n++;
	return CN_E_NETDOWN; /* EIO: it is down; EBADFD: it was deleted */
}

static struct iovec piece(const void *p, size_t len)
{
	struct iovec iov;

	/* readv and writev share one struct, which has no const. */
	memcpy(&iov.iov_base, &p, sizeof(p));
	iov.iov_len = len;
	return iov;
}

/* So small that gathering it here costs less than describing its pieces. */
#define GATHER_MAX 512u

static bool write_gathered(const struct tun *tun,
			   const struct virtio_net_hdr *vnet,
			   const struct cn_frame *frame)
{
	uint8_t octet[sizeof(*vnet) + GATHER_MAX];
	size_t len = 0;

	if (vnet) {
		memcpy(octet, vnet, sizeof(*vnet));
		len = sizeof(*vnet);
	}
	len += cn_frame_copy(frame, 0, octet + len, GATHER_MAX);
	return write(tun->fd, octet, len) >= 0;
}

static bool write_pieces(const struct tun *tun,
			 const struct virtio_net_hdr *vnet,
			 const struct cn_frame *frame)
{
	struct iovec iov[CN_SLICES_MAX + 2];
	int i, n = 0;

	if (vnet)
		iov[n++] = piece(vnet, sizeof(*vnet));
	if (frame->header_len)
		iov[n++] = piece(frame->header, frame->header_len);
	for (i = 0; i < frame->slice_n; i++)
		iov[n++] = piece(frame->slice[i].data, frame->slice[i].len);
	return writev(tun->fd, iov, n) >= 0;
}

static int write_octets(struct tun *tun, const struct virtio_net_hdr *vnet,
			const struct cn_frame *frame)
{
	bool is_small = cn_frame_len(frame) <= GATHER_MAX;

	if (!(is_small ? write_gathered : write_pieces)(tun, vnet, frame))
		return write_failed(tun, errno);
	tun->written_n++;
	return CN_OK;
}

static void describe_super(const struct cn_frame *frame,
			   struct virtio_net_hdr *vnet)
{
	struct glance glance;

	glance_at(&glance, frame);
	if (!glance_is_tcp(&glance))
		return;
	vnet->gso_type = glance.version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
					       VIRTIO_NET_HDR_GSO_TCPV6;
	vnet->gso_size = frame->seg_size;
	vnet->hdr_len = glance.data;
}

static int write_whole(struct tun *tun, const struct cn_frame *frame)
{
	struct virtio_net_hdr vnet = {0};

	if (offload_is_partial(frame)) {
		vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		vnet.csum_start = frame->csum_start;
		vnet.csum_offset = frame->csum_offset;
	} else if (frame->csum == CN_CSUM_VALID) {
		vnet.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	if (frame->seg_size)
		describe_super(frame, &vnet);
	return write_octets(tun, &vnet, frame);
}

/* The first octets into the header block, so that the checksum's field lies
 * there; the view borrows what it shows. */
static void pull_header(struct cn_frame *view)
{
	uint32_t want = CN_HEADER_MAX - view->header_len, have;
	unsigned i, kept = 0;

	have = cn_frame_copy(view, view->header_len,
			     view->header + view->header_len, want);
	view->header_len = (uint16_t)(view->header_len + have);
	view->payload_len -= have;
	for (i = 0; i < view->slice_n; i++) {
		struct cn_slice slice = view->slice[i];
		uint32_t step = have < slice.len ? have : slice.len;

		have -= step;
		slice.data += step;
		slice.len -= step;
		if (slice.len)
			view->slice[kept++] = slice;
	}
	view->slice_n = (uint8_t)kept;
}

static int write_complete(struct tun *tun, const struct cn_frame *packet)
{
	struct cn_frame view;

	if (!offload_is_partial(packet))
		return write_octets(tun, NULL, packet);
	view = *packet;
	if (!offload_complete(&view)) {
		pull_header(&view);
		if (!offload_complete(&view))
			return write_failed(tun, EINVAL);
	}
	return write_octets(tun, NULL, &view);
}

static int write_one(struct tun *tun, const struct cn_frame *packet)
{
	return tun->is_plain ? write_complete(tun, packet) :
			       write_whole(tun, packet);
}

/* Once a part has been written the rest cannot be asked for again: what finds
 * no room then is dropped, as by any full device. */
static int write_cut(struct tun *tun, const struct cn_frame *frame)
{
	struct cn_frame packet;
	bool is_first = true;
	struct cut cut;
	int err = CN_OK;

	cut_begin(&cut, frame);
	while (!err && cut_next(&cut, &packet)) {
		err = write_one(tun, &packet);
		cn_frame_release(&packet);
		if (err == CN_E_AGAIN && !is_first) {
			tun->dropped_n++;
			return CN_OK;
		}
		is_first = false;
	}
	return err;
}

/* The kernel would take CWR off all but the first packet (RFC 9768 section
 * 3.3.4: to who counts by it that changes the count). */
static bool has_cwr(const struct cn_frame *frame)
{
	struct glance glance;

	glance_at(&glance, frame);
	return glance_is_tcp(&glance) && glance.flags & TCP_CWR;
}

int tun_write(struct tun *tun, const struct cn_frame *frame)
{
	if (frame->seg_size && (tun->is_plain || has_cwr(frame)))
		return write_cut(tun, frame);
	return write_one(tun, frame);
}
