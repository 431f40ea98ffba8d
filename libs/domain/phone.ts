/** E.164: a plus, a country code that does not start with 0, seven to fifteen digits in all. */
export const E164 = /^\+[1-9]\d{6,14}$/;

/** True for a phone number in E.164 form. Says nothing of whether it exists. */
export const isE164 = (phone: string): boolean => E164.test(phone);
