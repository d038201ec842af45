/**
 * A hub's answer to `/metrics`, read: numbers by name. A hub that is swamped answers with an error and no metrics; that
 * must not pass for an answer in which a metric is missing. Which metrics there should be it does not know.
 */

/** As much of an answer that was no success is shown. */
const shownCharsMax = 300

/** The value of every line by its name with labels. Rejects when the hub answered anything but its metrics. */
export const read = async (answer: Response): Promise<ReadonlyMap<string, number>> => {
  const text = await answer.text()
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}: ${text.slice(0, shownCharsMax)}`)
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))])
  )
}
