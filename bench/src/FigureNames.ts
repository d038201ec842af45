/**
 * Names of the figures that ratios are made of, so that both sides spell them alike.
 */
export const writesBy1 = "local writes, 1 per commit"
export const writesBy100 = "local writes, 100 per commit"
export const sqliteBy1 = "better-sqlite3 alone, 1 per commit"
export const sqliteBy100 = "better-sqlite3 alone, 100 per commit"
export const coldSync135k = "cold sync of 135k"
export const coldSync135kCpu = "cold sync of 135k: device's processor time"
export const rawStream = "raw stream of 135k into better-sqlite3"
export const rawStreamCpu = "raw stream of 135k: client's processor time"
export const writesBy100Cpu = "local writes, 100 per commit: processor time of 50k"
export const sqliteBy100Cpu = "better-sqlite3 alone, 100 per commit: processor time of 50k"
/** By a road from device to device: records of a cold sync. */
export const peerSync = (road: string): string => `cold sync of 135k from device to device, ${road}`
