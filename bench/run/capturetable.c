/* capturetable.c: the files that the program reads of a machine. Whoever reads another one adds it
 * here; docs/machine-state.md shows the table. */
#include "bench/run/capture.h"

#define CPU "/sys/devices/system/cpu"
#define MONITOR                                                                                    \
    "name in[0-9]* curr[0-9]* power[0-9]* energy[0-9]* temp*_input temp*_label temp*_crit_alarm "  \
    "fan*_input pwm[0-9] shunt* samples update_interval oc*_event_cnt "                            \
    "total_conv_time_us total_average_factor"

const rg_capture_row rg_capture_rows[] = {
    {"/proc", "cpuinfo meminfo loadavg stat cmdline", "processors, memory, load", false},
    {"/proc/sys/kernel", "osrelease arch perf_event_paranoid", "kernel", false},
    {"/proc/device-tree", "model compatible", "which board", false},
    {"/sys/firmware/devicetree/base", "model compatible", "which board", false},
    {"/sys/class/dmi/id", "sys_vendor product_name board_name", "which board", false},
    {"/sys/devices/virtual/dmi/id", "product_name", "which board", false},
    {"/etc", "os-release nvpmodel.conf nv_tegra_release", "system, power modes", false},
    {"/var/lib/nvpmodel", "status", "power mode", false},
    {CPU, "online possible present isolated", "processors", false},
    {CPU "/cpu[0-9]*/topology", "thread_siblings_list physical_package_id core_id", "cores", false},
    {CPU "/cpu[0-9]*/cpufreq", "scaling_cur_freq scaling_governor", "clocks", false},
    {CPU "/cpufreq/policy*", "scaling_* cpuinfo_*_freq affected_cpus related_cpus",
     "clocks, governors", false},
    {CPU "/cpu[0-9]*/thermal_throttle", "*_throttle_*", "throttle counters", false},
    {"/sys/class/devfreq/*", "cur_freq min_freq max_freq governor available_*",
     "clocks of graphics and memory", false},
    {"/sys/kernel/debug/bpmp/debug/clk/emc", "rate", "memory clock", false},
    {"/sys/kernel/debug/clk/emc", "clk_rate", "memory clock", false},
    {"/sys/class/thermal/thermal_zone*", "type temp", "temperatures", false},
    {"/sys/class/thermal/cooling_device*", "type cur_state max_state", "fans, throttle alerts",
     false},
    {"/sys/devices/platform/soc*/*", "get_throttled", "Raspberry Pi's throttle bits", false},
    {"/sys/class/hwmon", "hwmon*", "monitors", false},
    {"/sys/class/hwmon/hwmon*", MONITOR " device", "monitors", false},
    {"/sys/class/hwmon/hwmon*/device", MONITOR, "monitors of older kernels", false},
    {"/sys/bus/iio/devices/iio:device*", "name rail_name_* in_*", "monitors as IIO devices", false},
    {"/sys/bus/iio/devices/iio:device*/of_node/channel@*", "ti,shunt-resistor-mohm reg",
     "shunts of monitors", false},
    {"/sys/class/powercap/*", "name energy_uj max_energy_range_uj", "energy counters", false},
    {"/sys/bus/event_source/devices/power", "type cpumask", "energy counters", false},
    {"/sys/bus/event_source/devices/power/events", "*", "energy counters", false},
    {"/sys/class/apex/apex_*",
     "temp trip_point*_temp temp_poll_interval driver_version status is_device_owned device",
     "Edge TPUs on PCIe", false},
    {"/sys/class/apex/apex_*/device", "vendor device current_link_speed current_link_width",
     "Edge TPUs on PCIe", false},
    {"/sys/bus/usb/devices/*", "idVendor idProduct speed busnum devnum", "Edge TPUs on USB", false},
    {"/sys/class/tty/ttyACM*", "device", "power profilers", false},
    {"/sys/class/tty/ttyACM*/device/..", "idVendor idProduct", "power profilers", false},
    {"/sys/bus/pci/devices/*", "vendor device class current_link_speed current_link_width",
     "accelerators on the bus, their links", false},
    {"/sys/module/hailo*", "version", "driver of Hailo devices", false},
    {"/sys/devices/system/clocksource/clocksource0", "current_clocksource", "clock", false},
    {"/sys/class/apex/apex_*", "unique_id", "who it is", true},
    {"/proc/device-tree", "serial-number", "who it is", true},
    {"/sys/class/dmi/id", "product_serial board_serial product_uuid", "who it is", true},
    {"/proc/sys/kernel", "hostname", "who it is", true},
    {"/etc", "machine-id", "who it is", true},
    {0},
};
