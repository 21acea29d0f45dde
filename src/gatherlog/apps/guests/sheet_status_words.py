"""The answers and states by which other lists say who comes, in eight languages. Data only.

They are compared as `sheet_files.normalised` gives them.
"""

from gatherlog.apps.guests.sheet_words import words as _words

__all__ = [
    "COMES",
    "COMES_NOT",
    "COMES_NOT_SIGNS",
    "COMES_SIGNS",
    "NOT",
    "OF_TICKETS",
    "OPEN",
    "REGRETS",
    "UNSURE",
]

COMES = _words(
    "yes|y|ja|j|oui|o|si|s|sim|attending|going|coming|accepted|accept|confirmed|approved|"
    "checked in|registered|completed|complete|paid|active|ok|okay|valid|attended|present|joined|"
    "accepts|joyfully accepts|gladly accepts|accepts with pleasure|ich komme|wir kommen|komme|"
    "nehme teil|je viens|nous venons|voy|asistire|asistiremos|vengo|veniamo|ci saro|ik kom|"
    "wij komen|vou|vamos|jag kommer|vi kommer|"
    "true|1|x|will attend|will come|will be there|in|in person|ticket sold|placed|free order|"
    "zugesagt|zusage|kommt|bestatigt|bestaetigt|dabei|angemeldet|teilgenommen|bezahlt|genehmigt|"
    "nimmt teil|wahr|confirme|confirmee|accepte|acceptee|presente|participe|participera|vient|"
    "viendra|inscrit|inscrite|paye|payee|approuve|approuvee|vrai|confirmado|confirmada|asiste|"
    "asistira|aceptado|aceptada|viene|va|pagado|aprobado|inscrito|registrado|confermato|"
    "confermata|partecipa|partecipera|accettato|accettata|pagato|approvato|iscritto|iscritta|verra|"
    "bevestigd|komt|aanwezig|geaccepteerd|aangemeld|betaald|goedgekeurd|waar|vem|vai|presente|"
    "aceito|aceite|pago|aprovado|comparecera|vira|kommer|bekraftad|tackat ja|accepterat|"
    "betald|godkand|anmald|deltar|narvarar|sant"
)
COMES_NOT = _words(
    "declines|regretfully declines|respectfully declines|declines with regret|leider nicht|"
    "komme nicht|ich komme nicht|wir kommen nicht|kann nicht|je ne viens pas|no voy|no asistire|"
    "non vengo|non ci saro|ik kom niet|kom niet|nao vou|jag kommer inte|kan inte|"
    "no|n|nein|non|nee|nao|nej|declined|decline|not attending|not going|not coming|can t go|"
    "cant go|cannot attend|can t attend|can t make it|can t come|cancelled|canceled|refunded|"
    "refund|fully refunded|deleted|rejected|denied|removed|withdrawn|void|voided|transferred|"
    "no show|expired|failed|false|0|regrets|regret|will not attend|unable to attend|not approved|"
    "won t attend|not able to attend|abgesagt|absage|storniert|erstattet|abgelehnt|kommt nicht|"
    "nicht dabei|verhindert|zuruckgezogen|zurueckgezogen|geloscht|geloescht|falsch|"
    "nimmt nicht teil|annule|annulee|refuse|refusee|decline|declinee|rembourse|remboursee|absent|"
    "absente|ne vient pas|ne participe pas|ne viendra pas|faux|cancelado|cancelada|rechazado|"
    "rechazada|declinado|reembolsado|reembolsada|no asistira|no asiste|no viene|no va|anulado|"
    "anulada|annullato|annullata|rifiutato|rifiutata|declinato|rimborsato|rimborsata|"
    "non partecipa|non viene|non partecipera|cancellato|assente|geannuleerd|afgewezen|afgemeld|"
    "afgezegd|terugbetaald|komt niet|niet aanwezig|afwezig|geweigerd|recusado|recusada|nao vem|"
    "nao vai|nao comparecera|ausente|avbokad|avbojt|avbojd|aterbetald|installd|kommer inte|"
    "tackat nej|nekad|avanmald|deltar inte|franvarande"
)
OF_TICKETS = _words(
    "cancelled|canceled|declined|deleted|not attending|refunded|rejected|transferred|void|voided"
)
"""Those of `COMES_NOT` that say in English what became of a ticket or an invitation."""
OPEN = _words(
    "pending|waitlist|waitlisted|waiting list|waiting|on waitlist|on the waitlist|wait list|maybe|"
    "tentative|invited|not responded|no response|no reply|not replied|awaiting|awaiting response|"
    "awaiting reply|unanswered|unknown|undecided|interested|pending approval|requested|unpaid|"
    "not paid|reserved|hold|on hold|draft|sent|delivered|opened|viewed|needs action|not sure|"
    "partially refunded|partial refund|not started|in progress|ausstehend|offen|warteliste|"
    "vielleicht|eingeladen|unsicher|keine antwort|unentschieden|wartend|angefragt|"
    "nicht beantwortet|unbezahlt|reserviert|in bearbeitung|en attente|liste d attente|peut etre|"
    "invite|invitee|pas de reponse|sans reponse|indecis|pendiente|lista de espera|quizas|quiza|"
    "tal vez|invitado|invitada|sin respuesta|en espera|in attesa|lista d attesa|forse|invitato|"
    "invitata|nessuna risposta|in sospeso|in afwachting|wachtlijst|misschien|uitgenodigd|"
    "geen antwoord|geen reactie|pendente|talvez|convidado|convidada|sem resposta|vantar|"
    "vantelista|kanske|inbjuden|inget svar|ej svarat|obesvarad|vantar pa svar|i don t know yet|"
    "i dont know yet|weiss noch nicht|noch offen"
)
"""Nobody knows yet whether they come."""

UNSURE = _words(
    "evtl|eventuell|vielleicht|maybe|perhaps|probably|possibly|wahrscheinlich|hoffentlich|"
    "hopefully|voraussichtlich|peut|probablement|quizas|quiza|probablemente|forse|probabilmente|"
    "misschien|waarschijnlijk|talvez|provavelmente|kanske|troligen|tbc|likely"
)
"""Words behind a "yes" that take it back: "Yes, probably"."""
NOT = _words("not|nicht|kein|keine|pas|no|non|nao|niet|inte|never|nie")
REGRETS = _words(
    "sorry|can|cannot|cant|not|unable|unfortunately|regret|regrets|decline|leider|nicht|kann|"
    "konnen|koennen|absagen|pas|desole|desolee|malheureusement|pourrai|puedo|podre|siento|"
    "lamentablemente|posso|potro|purtroppo|mi|dispiace|kan|niet|helaas|poderei|infelizmente|"
    "tyvarr|inte|won|thanks|attend"
)
"""Words behind a "no" that make it one: "No, sorry"."""

COMES_NOT_SIGNS = frozenset("✗✘❌☒👎✖🚫⛔")
COMES_SIGNS = frozenset("✓✔✅☑👍🎉🥂❤♥💚🙂😀😊🤩+-–—.\ufe0f ")
"""Signs that stand for "yes"; a dash or a point says nothing, as an empty cell."""
