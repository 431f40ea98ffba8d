/** How often a code may be tried; after that it is dead, and another one has to be asked for. */
export const MOST_CODE_TRIES = 5;

/** How long a mail that tells of a changed password is worth sending, in hours. */
export const CHANGE_IS_NEWS_HOURS = 24;

/** A code as it is compared: people copy it with spaces and dashes. */
export const plainCode = (text: string): string => text.replace(/[\s-]/g, '');
