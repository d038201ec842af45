/** Says whether the page hears what happens, and owns up where it does not. */
import { Alert, Badge, Text, Tooltip } from "@mantine/core"
import { useEffect, useState } from "react"
import { Ago } from "../elements/Clock.tsx"
import { useLineState } from "../live/LiveContext.tsx"

/** A line that is away for less is not worth a word, in milliseconds. */
const shortMs = 2_000

export const LiveBadge = () => {
  const { isOpen } = useLineState()
  return (
    <Tooltip label={isOpen ? "The hub tells this page what happens" : "The hub cannot be heard; trying again"}>
      <Badge color={isOpen ? "teal.9" : "red.9"} variant="filled" role="status" tabIndex={0} data-live={isOpen}>
        {isOpen ? "Live" : "Not live"}
      </Badge>
    </Tooltip>
  )
}

export const LineLost = () => {
  const { isOpen, openMs } = useLineState()
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    if (isOpen) return setLong(false)
    const timer = setTimeout(() => setLong(true), shortMs)
    return () => clearTimeout(timer)
  }, [isOpen])
  if (isOpen || !isLong) return null
  return (
    <Alert color="red" variant="light" mb="md" title="The hub cannot be heard" role="alert">
      <Text size="sm">
        {openMs === 0 ? (
          "What you see is as it was when this page asked for it."
        ) : (
          <>
            What you see is as of <Ago atMs={openMs} />.
          </>
        )}{" "}
        It becomes live by itself once the hub is heard.
      </Text>
    </Alert>
  )
}
