/* monitors.c: a kernel module for emulated machines: puts the power monitors of the device tree's
 * node /power-monitors on the bus of i2c-stub, each with its node, so that drivers find labels and
 * shunts there as on a board. A bus in the device tree would do that by itself; i2c-stub is not
 * one. Unlike the rest this file is under MIT or GPL-2.0: the kernel asks that of those who use its
 * functions. */
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/of.h>

enum { MOST = 8 };
static struct i2c_client *clients[MOST];
static int n;

static int add(struct i2c_adapter *bus, struct device_node *node) {
    struct i2c_board_info info = {.of_node = node};
    const char *name, *comma;
    u32 address;

    if (n == MOST || of_property_read_u32(node, "reg", &address) ||
        of_property_read_string(node, "compatible", &name))
        return -EINVAL;
    comma = strchr(name, ',');
    strscpy(info.type, comma ? comma + 1 : name, sizeof(info.type));
    info.addr = address;
    clients[n] = i2c_new_client_device(bus, &info);
    return PTR_ERR_OR_ZERO(clients[n++]);
}

static int __init begin(void) {
    struct device_node *all = of_find_node_by_path("/power-monitors"), *node;
    struct i2c_adapter *bus = i2c_get_adapter(0);
    int failed = all && bus ? 0 : -ENODEV;

    for_each_child_of_node(all, node) failed = failed ? failed : add(bus, node);
    if (bus)
        i2c_put_adapter(bus);
    of_node_put(all);
    return failed;
}

static void __exit end(void) {
    while (n--)
        i2c_unregister_device(clients[n]);
}

module_init(begin);
module_exit(end);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("power monitors of the device tree on an emulated bus");
