/** Which of several records with one id a conflict is of, as addresses say it. */
import type { Conflict } from "../../api/records.ts"

/** The JSON of its header; nothing where it has none, or the hub did not keep it. */
export const headerOf = ({ header }: Partial<Conflict>): string | undefined =>
  header === undefined || Object.keys(header).length === 0 ? undefined : JSON.stringify(header)
