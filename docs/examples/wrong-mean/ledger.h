/* What the sensors said last. */
#ifndef LEDGER_H
#define LEDGER_H

struct ledger {
    int latest[4]; /* by sensor */
    int sensors;   /* how many there are */
};

void ledger_note(struct ledger *ledger, int sensor, int value);
int ledger_mean(const struct ledger *ledger);

#endif
