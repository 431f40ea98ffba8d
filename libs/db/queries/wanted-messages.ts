// The contact whom a text is for refused to be texted.
const IS_REFUSED = `exists
      (select from consents k where k.user_id = m.user_id and k.phone_number = m.to_number and k.answer = 'refused')`;

/**
 * Whether a message `m` about the probe `p`, if any, is still wanted, as SQL: a question while its probe is pending; an
 * alert until somebody took it on or all is clear; a consent text until it is answered, and as long as there is such a
 * contact; a text of a drill while that runs; the code for a new password while it can be used. Nothing is for a contact who refused. What nobody wants any more may stay
 * unsent for good.
 */
export const IS_WANTED = `case
    when m.kind in ('check_in', 'follow_up') then p.status = 'pending'
    when m.kind in ('alert', 'reached_out', 'nobody_reached') then p.all_clear_at is null and not exists
      (select from emergency_probes e where e.probe_id = p.id and e.acknowledged_at is not null)
      and not (m.kind = 'alert' and ${IS_REFUSED})
    when m.kind = 'all_clear' then not ${IS_REFUSED}
    when m.kind = 'acknowledged' then not ${IS_REFUSED}
      or exists (select from users u where u.id = m.user_id and u.phone_number = m.to_number)
    when m.kind = 'consent' then exists
      (select from consents k join contacts c on c.user_id = k.user_id and c.phone_number = k.phone_number
       where k.message_id = m.id and k.answer is null and c.is_emergency_contact)
    when m.kind = 'password_code' then exists (select from password_resets r where r.message_id = m.id)
    when m.drill_id is not null then exists
      (select from drills d where d.id = m.drill_id and d.status = 'running')
      and not (m.kind = 'drill_alert' and ${IS_REFUSED})
    else true
  end`;
