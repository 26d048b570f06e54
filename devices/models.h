/* The models' tables of operations, for device.c alone; everyone else goes through dev_table. */
#ifndef DENALI_DEVICES_MODELS_H
#define DENALI_DEVICES_MODELS_H

#include <devices/device.h>

extern const struct dev_ops dev_console_ops;
extern const struct dev_ops dev_nic_ops;
extern const struct dev_ops dev_timer_ops;
extern const struct dev_ops dev_observer_ops;
extern const struct dev_ops dev_entropy_ops;
extern const struct dev_ops dev_keyboard_ops;
extern const struct dev_ops dev_framebuffer_ops;
extern const struct dev_ops dev_disk_ops;
extern const struct dev_ops dev_pcnet_ops;
extern const struct dev_ops dev_supervisor_ops;

#endif
