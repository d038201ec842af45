/** Times between the hub's milliseconds and a browser's field for local date and time. */

/** As such a field takes it; empty where it is none. */
export const localTime = (ms: number): string => {
  if (!Number.isFinite(ms)) return ""
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000
  return new Date(ms - offsetMs).toISOString().slice(0, 19)
}

/** As the hub takes it; nothing where the field is empty. */
export const msOf = (local: string): string | undefined => {
  const ms = new Date(local).getTime()
  return Number.isFinite(ms) ? String(ms) : undefined
}
