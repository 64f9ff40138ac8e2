const day = 86_400_000;

/** The time of the moment, for pictures of time: they need not move while they are looked at. */
export const now = (): number => Date.now();

/** The last midnight in UTC, at which the days of trends end. */
export const today = (): number => Math.floor(Date.now() / day) * day;
