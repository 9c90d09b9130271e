"""What registers of power monitors mean, by their data sheets (INA3221: SBOS576, INA226: SBOS547, INA238: SLYS025), both ways: the
values that a chip shows for a voltage and a current, and the power that values mean. Not by any driver's code: drivers.py compares.
"""
SHUNT_OHM = 0.010  # what the drivers assume where nobody tells


def word(value):
    return "%04x" % (round(value) & 0xffff)


def signed(digits):
    value = int(digits, 16)
    return value - 0x10000 if value & 0x8000 else value


class Ina3221:
    """One channel. Both registers hold 13 bits above three empty ones: steps of 40 uV and of 8 mV."""

    def __init__(self, address, channel, shunt_ohm=SHUNT_OHM):
        self.address, self.shunt_ohm = address, shunt_ohm
        self.shunt, self.bus = 2 * channel - 1, 2 * channel

    def shows(self, volts, amperes):
        return [(self.bus, word(round(volts / 8e-3) * 8)), (self.shunt, word(round(amperes * self.shunt_ohm / 40e-6) * 8))]

    def watts(self, registers):
        return (signed(registers[self.bus]) >> 3) * 8e-3 * (signed(registers[self.shunt]) >> 3) * 40e-6 / self.shunt_ohm


class Ina226:
    """Steps of 2.5 uV and 1.25 mV; calibrated so that the current has the steps of the shunt. The power has no sign: its
    register is the product of the magnitudes, in 25 steps of the current at one volt."""
    shunt, bus, power, current = 1, 2, 3, 4

    def __init__(self, address, shunt_ohm=SHUNT_OHM):
        self.address, self.step_a = address, 2.5e-6 / shunt_ohm

    def shows(self, volts, amperes):
        bus, current = round(volts / 1.25e-3), round(amperes / self.step_a)
        return [(self.bus, word(bus)), (self.shunt, word(current)), (self.current, word(current)), (self.power, word(abs(current) * bus // 20000))]

    def watts(self, registers):
        return signed(registers[self.bus]) * 1.25e-3 * signed(registers[self.current]) * self.step_a


class Ina238:
    """Steps of 5 uV and 3.125 mV; with calibration 16384 a step of the current is 20 uV over the shunt. The power, 24 bits without
    a sign, has steps of a fifth of that current at one volt."""
    shunt, bus, current, power = 4, 5, 7, 8

    def __init__(self, address, shunt_ohm=SHUNT_OHM):
        self.address, self.shunt_ohm, self.step_a = address, shunt_ohm, 20e-6 / shunt_ohm

    def shows(self, volts, amperes):
        power = round(volts * abs(amperes) / (0.2 * self.step_a))
        return [(self.bus, word(volts / 3.125e-3)), (self.shunt, word(amperes * self.shunt_ohm / 5e-6)),
                (self.current, word(amperes / self.step_a)), (self.power, "%06x" % power)]

    def watts(self, registers):
        sign = -1 if signed(registers[self.current]) < 0 else 1
        return sign * int(registers[self.power], 16) * 0.2 * self.step_a


def joules(chip, writes, start_ns, end_ns):
    """Energy from what was in the chip when: `writes` are (ns, address, register, digits) as they happened. None when a stretch of
    the window has no values."""
    registers, energy, at = {}, 0.0, None
    for ns, address, register, digits in writes + [(end_ns, None, None, None)]:
        if at is not None and ns > start_ns:
            try:
                energy += chip.watts(registers) * (min(ns, end_ns) - max(at, start_ns)) * 1e-9
            except KeyError:
                return None
        if address == chip.address:
            registers[register] = digits
        at = ns
    return energy
